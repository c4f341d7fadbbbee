"""What a service says of its image is in the image of each architecture."""

import json
import os
from pathlib import Path

from tools.oci.push.layout import Service


def test_labels_and_environment_are_in_every_image() -> None:
    """They come on top of what every image has."""
    service = Service(name="fixture_options", layout=Path(os.environ["IMAGE_INDEX"]))
    configs = [json.loads(service.read(manifest["config"]["digest"]))["config"] for _, manifest in service.manifests()]
    assert len(configs) == len(service.images())
    for config in configs:
        assert config["Labels"] == {
            "org.opencontainers.image.title": "fixture_options",
            "org.opencontainers.image.source": "https://git.example.com/fixtures",
            "com.example.team": "fixtures",
        }
        assert {"GREETING=hello, world", "FIXTURE_SERVICE_HOST=0.0.0.0", "PYTHONUNBUFFERED=1"} <= set(config["Env"])
