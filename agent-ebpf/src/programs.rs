//! Programs that no hook calls: the agent runs them, and reads the iterator.

mod begin;
mod in_flight;
mod release;
mod shrink;
