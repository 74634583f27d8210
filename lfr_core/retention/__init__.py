"""What has to go and when: the purges, footage and its holds, canaries and certificates of erasure."""
