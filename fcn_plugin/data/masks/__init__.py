"""What mask files hold, beyond what their decoder gives."""
