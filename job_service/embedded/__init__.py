"""A private mongod, for a service without a database of its own."""
