"""The function that runs on AWS Lambda, and what packs it for there. Nothing of it runs in the service."""
