"""The Train tab: texts with labels, series of numbers or a memory task; a network watched, judged, used, taken home"""

from interface.train.tab import train_tab

__all__ = ["train_tab"]
