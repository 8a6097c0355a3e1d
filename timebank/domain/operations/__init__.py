"""What keeps the installation going: runs of jobs, messages in doubt, and who looks after them."""
