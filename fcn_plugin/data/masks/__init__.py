"""What mask files hold, beyond what their decoder gives, and crops that look at it."""
