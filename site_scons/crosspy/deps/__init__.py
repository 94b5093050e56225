"""Third-party C libraries: their pins, how each is built from source or found in a sysroot, their licences."""
