"""The transcoding family."""
