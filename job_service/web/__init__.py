"""Code that all routes share: parsing, answers and errors, authentication, authorization, health checks."""
