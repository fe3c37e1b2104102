"""Loads what tests need (``support/session.py``)."""


def pytest_configure(config):
    """But not into the process that hands out the tests to others, which start when it is ready."""
    if not config.getoption("numprocesses", None):
        config.pluginmanager.import_plugin("support.session")
