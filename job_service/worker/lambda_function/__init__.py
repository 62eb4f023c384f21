"""The function that runs on AWS Lambda, and the program that packs it. None of it runs in the service."""
