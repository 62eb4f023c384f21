"""How processes hear of jobs: notes, who reads them, wake-ups and events."""
