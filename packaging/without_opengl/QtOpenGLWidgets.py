"""Stands for PySide6.QtOpenGLWidgets in the frozen program; see QtOpenGL.py beside it."""

from PySide6.QtWidgets import QWidget as QOpenGLWidget

__all__ = ["QOpenGLWidget"]
