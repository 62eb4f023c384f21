"""The Python client of the HTTP API."""

from job_service.client.claims import Claim, Claimed, ClaimRequest, Standing, Update, UpdateResult, Where
from job_service.client.client import AsyncJobServiceClient, JobServiceClient
from job_service.client.code_jobs import CodeJob
from job_service.client.conversions import Conversion
from job_service.client.datasets import (
    BumpManifesto,
    DatasetJob,
    DataStructureUpdate,
    ImportableDataset,
    NewDatasetJob,
    Submitted,
    Target,
)
from job_service.client.errors import (
    AlreadyFinished,
    Conflict,
    Forbidden,
    IdempotencyMismatch,
    Invalid,
    JobServiceError,
    LeaseLost,
    NotFound,
    Paused,
    RanTooLong,
    Refused,
    ServerFault,
    TargetBusy,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unreachable,
    Unreadable,
)
from job_service.client.events import Event
from job_service.client.jobs import Explanation, Job, LogEntry, Reason, ShownLease
from job_service.client.maintenance import MaintenanceStatus
from job_service.client.request_id import request_id
from job_service.client.retry import ONCE, RetryPolicy
from job_service.client.service import Health, KindStats, LiveWorker, Stats
from job_service.client.transcoding import Option, Profile, TranscodingJob
from job_service.client.transfer_answers import Element, Monitored, Output, Transfer, TransferStatus, Work, WorkElement
from job_service.client.workers import DrainState, WorkerState
from job_service.client.workqueue import WorkqueueClient

__all__ = [
    "ONCE",
    "AlreadyFinished",
    "AsyncJobServiceClient",
    "BumpManifesto",
    "Claim",
    "ClaimRequest",
    "Claimed",
    "CodeJob",
    "Conflict",
    "Conversion",
    "DataStructureUpdate",
    "DatasetJob",
    "DrainState",
    "Element",
    "Event",
    "Explanation",
    "Forbidden",
    "Health",
    "IdempotencyMismatch",
    "ImportableDataset",
    "Invalid",
    "Job",
    "JobServiceClient",
    "JobServiceError",
    "KindStats",
    "LeaseLost",
    "LiveWorker",
    "LogEntry",
    "MaintenanceStatus",
    "Monitored",
    "NewDatasetJob",
    "NotFound",
    "Option",
    "Output",
    "Paused",
    "Profile",
    "RanTooLong",
    "Reason",
    "Refused",
    "RetryPolicy",
    "ServerFault",
    "ShownLease",
    "Standing",
    "Stats",
    "Submitted",
    "Target",
    "TargetBusy",
    "TooLarge",
    "TranscodingJob",
    "Transfer",
    "TransferStatus",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "Unreadable",
    "Update",
    "UpdateResult",
    "Where",
    "Work",
    "WorkElement",
    "WorkerState",
    "WorkqueueClient",
    "request_id",
]
