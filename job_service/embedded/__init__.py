"""A private mongod for those who have none."""
