"""Stands for PySide6.QtOpenGL (9 MB) in the frozen program.

pyqtgraph imports that module always, and uses it only for charts drawn by OpenGL, which Headcount's are not.
"""
