//! `mcp`: what is recorded, for assistants, by the Model Context Protocol over standard input and output.
//!
//! Each tool runs a command of this program, with the same flags and kubeconfig and so with the same rights, and answers
//! with what that prints: redacted as ever, and bounded. Nothing can be changed, and no file is read but what agents
//! hold.
//!
//! | module | what it does |
//! |---|---|
//! | [`arguments`] | from what a tool is asked to the command line that answers it |
//! | [`run`] | runs that, bounded in size and time |
//! | [`tools`] | the tools, as the protocol has them |

mod arguments;
mod run;
mod tools;

pub(crate) use tools::Tools;
