"""Helpers of the course: data, figures and exercise checks. The games themselves stay in the notebooks."""

__version__ = "0.1.0"
