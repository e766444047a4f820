import subprocess
import sys
from types import ModuleType

import pytest

from advex.common.errors import UserError
from advex.networks import torchvision_import


def test_data_sets_models_and_transforms_work() -> None:
    module = torchvision_import.torchvision()
    assert module.datasets.MNIST.resources
    assert module.models.resnet18(num_classes=10).fc.out_features == 10
    assert module.transforms.RandomCrop(4).size == (4, 4)
    assert torchvision_import.torchvision() is module


@pytest.fixture
def fake_imports(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Let the imports of torchvision answer, one after the other, what the list holds."""
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    # Set, then deleted: monkeypatch then takes away whatever is there at the end.
    monkeypatch.setitem(sys.modules, torchvision_import._DESCRIPTIONS, ModuleType("x"))
    del sys.modules[torchvision_import._DESCRIPTIONS]
    answers: list[object] = []

    def answer(name: str) -> object:
        assert name == "torchvision"
        assert "torchvision.half" not in sys.modules, "half-imported modules are in the way"
        first = answers.pop(0)
        if isinstance(first, Exception):
            monkeypatch.setitem(sys.modules, "torchvision.half", ModuleType("torchvision.half"))
            raise first
        return first

    monkeypatch.setattr(torchvision_import.importlib, "import_module", answer)
    return answers


NO_OPERATOR = RuntimeError("operator torchvision::nms does not exist")


def test_no_stand_in_where_the_import_works(fake_imports: list[object]) -> None:
    module = ModuleType("torchvision")
    fake_imports.append(module)
    assert torchvision_import.torchvision() is module
    assert torchvision_import._DESCRIPTIONS not in sys.modules


def test_stand_in_where_operators_are_missing(fake_imports: list[object]) -> None:
    module = ModuleType("torchvision")
    fake_imports += [NO_OPERATOR, module]
    assert torchvision_import.torchvision() is module
    assert not hasattr(sys.modules[torchvision_import._DESCRIPTIONS], "nms")


@pytest.mark.parametrize(
    ("answers", "error", "message"),
    [
        ([ImportError("No module named 'torchvision'")], UserError, "requirements.lock"),
        ([NO_OPERATOR, RuntimeError("worse")], UserError, r"does not fit the installed torch \(worse\)"),
        ([RuntimeError("out of memory")], RuntimeError, "^out of memory$"),
    ],
)
def test_failures(fake_imports: list[object], answers: list[Exception], error: type, message: str) -> None:
    fake_imports += answers
    with pytest.raises(error, match=message):
        torchvision_import.torchvision()


@pytest.mark.slow
def test_works_in_a_fresh_process_without_a_word() -> None:
    code = "from advex.networks.torchvision_import import torchvision; torchvision().transforms.ToTensor()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
