"""The stream: topics, camera producers, Faust workers."""
