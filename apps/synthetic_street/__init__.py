"""A street with truth: rendered video of people walking past a camera, and what really happened beside it.

Nothing here is read by the pipeline; the truth file is for scoring alone.
"""
