"""What the user gives the tap: settings, state and catalog."""
