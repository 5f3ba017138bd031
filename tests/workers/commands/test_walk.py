"""Which files of a folder are its own."""

from workers.commands.walk import ListedTree


def test_committed_dependencies_are_left_out_and_said_to_be(tmp_path):
    """Go's and Composer's folder; one that is only called so may hold anybody's own code."""
    for name in (
        "vendor/modules.txt",
        "vendor/a/b.go",
        "api/vendor/autoload.php",
        "src/_vendor/vendor.txt",
        "src/_vendor/six.py",
        "shop/vendor/price.py",
        "k8s/vendor/keda/v2.20.1/install.yaml",
        "k8s/vendor/deployment.yaml",
        "main.go",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n")
    tree = ListedTree(tmp_path)
    assert list(tree.paths()) == ["main.go", "k8s/vendor/deployment.yaml", "shop/vendor/price.py"]
    assert [(one.path, one.reason) for one in tree.left_out] == [
        ("api/vendor", "holds dependencies: autoload.php is their list"),
        ("k8s/vendor/keda/v2.20.1", "holds a release of another project, by its names"),
        ("src/_vendor", "holds dependencies: vendor.txt is their list"),
        ("vendor", "holds dependencies: modules.txt is their list"),
    ]
