"""How a PIM answers: the server, requests, routes, plain lists, pages and errors."""
