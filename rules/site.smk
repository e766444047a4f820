# What this machine or cluster wants named (advex.config.site), and where it has room for results.
from advex.config.site import load_site

SITE = checked(load_site, Path(workflow.basedir) / "config/site.yaml", os.environ)


def link_to_scratch():
    """Put data and the study's results where this site has room for them, if they are not here yet."""
    if SITE.scratch is None or not workflow.is_main_process:
        return
    for name in ("data", f"results/{config['study']}"):
        if not os.path.lexists(name):
            place = Path(os.path.expandvars(SITE.scratch)).expanduser() / name
            place.mkdir(parents=True, exist_ok=True)
            Path(name).symlink_to(place.absolute())


link_to_scratch()

if SITE.container:

    container: str(Path(workflow.basedir, SITE.container))
