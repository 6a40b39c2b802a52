//! Ways for a program in Rust to fail: `corpus WHAT`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let what = std::env::args().nth(1).unwrap_or_default();
    match what.as_str() {
        "none" => {
            let tenant: Option<&str> = std::env::args().nth(9).map(|_| "one");
            println!("{}", tenant.unwrap());
        }
        "expect" => {
            let port: u16 = std::env::args().nth(1).unwrap_or_default().parse().expect("the port is a number");
            println!("{port}");
        }
        "overflow" => {
            let rows = u8::try_from(what.len()).unwrap_or_default();
            println!("{}", rows - 100);
        }
        "config" => {
            if let Err(error) = std::fs::read_to_string("/etc/app/app.conf") {
                eprintln!("Error: cannot read /etc/app/app.conf: {error}");
                return ExitCode::from(2);
            }
        }
        "dial" => {
            if let Err(error) = std::net::TcpStream::connect(std::env::args().nth(2).unwrap_or_default()) {
                eprintln!("Error: {error}");
                return ExitCode::FAILURE;
            }
        }
        "poison" => {
            let ledger = std::sync::Arc::new(std::sync::Mutex::new(7));
            let held = std::sync::Arc::clone(&ledger);
            let _ = std::thread::spawn(move || {
                let segment = held.lock().unwrap();
                panic!("checksum mismatch in segment {segment}");
            })
            .join();
            println!("{}", ledger.lock().unwrap());
        }
        _ => {}
    }
    println!("well");
    ExitCode::SUCCESS
}
