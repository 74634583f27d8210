"""What people have typed on the staff's pages and not sent yet: neither a session's end nor a reload loses it."""
