//! Tells the kernel side what is to happen with the cgroups that are there already.
