"""What people have typed or chosen on the staff's pages and not sent: neither a session's end nor a reload loses it."""
