"""The work of a transcoding job: ffmpeg, told only what the allow-list lets through."""
