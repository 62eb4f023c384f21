"""What moves a job from one state to another, each verb one atomic statement."""
