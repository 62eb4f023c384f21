"""`python -m job_service` is the command `job-service`."""

from job_service.command.main import main

if __name__ == "__main__":
    main()
