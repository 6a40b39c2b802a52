//! Reading strace's format (`strace -f -o FILE`), and comparing two traces of one program.
//!
//! ```text
//! text --line--> lines --thread--> sequences by place in the tree --normal--> comparable --compare--> first difference
//! ```

pub mod compare;
pub mod line;
pub mod normal;
pub mod thread;
