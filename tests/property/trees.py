"""Directory trees: listed with digests, copied."""

import hashlib
import os
import shutil
import stat


def listing(root):
    """path -> what there is to see of it, of everything below root."""
    result = {}
    for directory, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            digest = ""
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            result[os.path.relpath(path, root)] = (
                info.st_ino, info.st_mode, info.st_mtime_ns, digest)
    return result


def contents(folder):
    """What the files of a folder hold."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        if not name.endswith(".reason"):
            with open(os.path.join(folder, name), "rb") as file:
                yield file.read()


def copy_tree(source, target):
    """Everything below source, with the times of files kept."""
    os.makedirs(target)
    for entry in os.scandir(source):
        path = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), path)
        elif entry.is_dir():
            copy_tree(entry.path, path)
        elif entry.is_file():
            shutil.copyfile(entry.path, path)
            shutil.copystat(entry.path, path)
        else:
            os.mkfifo(path)
