"""Where frames come from: cameras, video files, streams, web pages of video sites, pictures."""

from desktop_app.sources.opencv_log import silence

# Before any module of this package imports cv2, which reads the level once.
silence()
