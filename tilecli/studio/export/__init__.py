"""The studio's pages as a folder that opens from disk: what it is to hold, where that lies in it, and writing it."""
