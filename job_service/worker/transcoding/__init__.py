"""Transcoding jobs: runs ffmpeg, with options from an allow-list only."""
