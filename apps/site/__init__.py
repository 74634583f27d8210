"""The public site: static pages out of what is published. No script, and no request to anybody."""
