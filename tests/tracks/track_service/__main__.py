"""Serve the application; there is nothing to prepare."""

import os

import uvicorn

from tests.tracks.track_service.app import create_app

if __name__ == "__main__":
    uvicorn.run(create_app(), host=os.environ["TRACK_SERVICE_HOST"], port=8000, log_level="warning")
