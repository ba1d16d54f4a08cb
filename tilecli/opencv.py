"""OpenCV with our limits: `from tilecli.opencv import cv2`, nowhere `import cv2`."""

from tilecli import quiet

quiet.be_quiet()  # cv2 reads its pixel limit once, when it is imported
import cv2  # noqa: E402, TID251 - after the line above, and only there

__all__ = ["cv2"]
