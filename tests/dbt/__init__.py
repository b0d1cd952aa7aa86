"""The dbt package: `meltano run tap-akeneo target-… dbt-…:build`, compared with the PIM."""
