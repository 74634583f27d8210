"""The camera: frames from a source to the frames topic, fresh, counted and bounded.

`session.run_camera` is the whole of it; the other modules are its parts, each with one reason to change.
"""
