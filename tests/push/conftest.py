"""What tests of the providers share: certificates for `localhost` and an invented push service, made once."""

import pytest

from tests.push import certificates
from tests.push.certificates import Certificates


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.make(tmp_path_factory.mktemp("certificates"), "localhost", "push.example.test")
