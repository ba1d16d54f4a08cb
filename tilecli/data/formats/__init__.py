"""Datasets in formats of other tools, written and read: COCO, YOLO-seg, MVTec AD, Pascal VOC."""
