//! What the system says of a process: the time it computed, the memory it holds.

use std::{fs, process};

/// Ticks of a second in `/proc`, which Linux shows programs as 100 on every architecture.
const TICKS_PER_S: f64 = 100.0;
/// Where `utime` and `cutime` stand behind the program's name, each with that of the system next.
const OWN_TIMES: usize = 11;
const TIMES_OF_CHILDREN: usize = 13;

/// Seconds for which all threads of a process have computed, in it and in the system for it.
pub(crate) fn cpu_s(pid: u32) -> f64 {
    seconds(pid, OWN_TIMES)
}

/// The same of all processes that this one has started and that have ended.
pub(crate) fn cpu_of_children_s() -> f64 {
    seconds(process::id(), TIMES_OF_CHILDREN)
}

fn seconds(pid: u32, fields: usize) -> f64 {
    let stat = read(pid, "stat");
    let ticks = ticks(&stat, fields).unwrap_or_else(|| panic!("no times in {stat:?}"));
    f64::from(ticks) / TICKS_PER_S
}

/// Bytes of a process that are in memory.
pub(crate) fn resident_bytes(pid: u32) -> u64 {
    let status = read(pid, "status");
    resident(&status).unwrap_or_else(|| panic!("no VmRSS in {status:?}"))
}

fn read(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}"))
        .unwrap_or_else(|error| panic!("the process {pid}: {error}"))
}

/// The time in a program and in the system for it together. The program's name, which is the second
/// field and in parentheses, may have spaces and parentheses itself.
fn ticks(stat: &str, fields: usize) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split_whitespace().skip(fields);
    let mut next = || fields.next()?.parse::<u32>().ok();
    Some(next()? + next()?)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::{OWN_TIMES, TIMES_OF_CHILDREN, cpu_s, resident, resident_bytes, ticks};

    #[test]
    fn the_times_stand_behind_a_name_of_whatever_form() {
        let stat = "7 (a) S (b) R 1 7 7 0 -1 4194560 900 0 0 0 150 25 30 4 20 0 4 0 99 1 2";
        assert_eq!(ticks(stat, OWN_TIMES), Some(175));
        assert_eq!(ticks(stat, TIMES_OF_CHILDREN), Some(34));
        assert_eq!(ticks("7 (a) R 1 7", OWN_TIMES), None);
    }

    #[test]
    fn resident_memory_is_told_in_bytes() {
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t   2048 kB\n"), Some(2_097_152));
        assert_eq!(resident("VmPeak:\t 9 kB\n"), None);
    }

    #[test]
    fn this_very_process_has_both() {
        let me = std::process::id();
        assert!(cpu_s(me) >= 0.0);
        assert!(resident_bytes(me) > 0);
    }
}
