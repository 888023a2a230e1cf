//! Standard streams over a socket, and who is at its other end.
// Descriptors in messages, credentials and sessions of processes are the operating system's, behind C functions.
#![allow(unsafe_code)]

use std::io::{Error, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// How many descriptors go over: standard input, output and error.
pub(super) const COUNT: usize = 3;

/// Room for a control message with the descriptors, aligned as the system wants it.
type Control = [u64; 8];

/// Whether the process at the other end belongs to the user of this one.
pub(super) fn is_of_same_user(stream: &UnixStream) -> bool {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: the structure is plain numbers; its size is given and checked.
        unsafe {
            let mut peer: libc::ucred = std::mem::zeroed();
            let mut length = size_of::<libc::ucred>() as libc::socklen_t;
            let read = libc::getsockopt(
                stream.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut peer).cast(),
                &raw mut length,
            );
            read == 0 && peer.uid == libc::getuid()
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let (mut user, mut group) = (0, 0);
        // SAFETY: both pointers are to numbers of this function.
        unsafe {
            libc::getpeereid(stream.as_raw_fd(), &raw mut user, &raw mut group) == 0 && user == libc::getuid()
        }
    }
}

/// Sends the standard streams of this process, with one byte that carries them.
pub(super) fn send(stream: &UnixStream) -> Result<()> {
    let mut byte = [b's'];
    let descriptors: [RawFd; COUNT] = [libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO];
    // SAFETY: all pointers of the message are to variables that live until the call returns, and the control message is
    // written within its room.
    unsafe {
        let mut control: Control = [0; 8];
        let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
        let mut message = message(&mut part, &mut control);
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size_of_val(&descriptors) as u32) as _;
        std::ptr::copy_nonoverlapping(descriptors.as_ptr(), libc::CMSG_DATA(header).cast(), COUNT);
        message.msg_controllen = libc::CMSG_SPACE(size_of_val(&descriptors) as u32) as _;
        if libc::sendmsg(stream.as_raw_fd(), &raw const message, 0) == 1 {
            Ok(())
        } else {
            Err(Error::last_os_error())
        }
    }
}

/// Receives what [`send`] sent.
pub(super) fn receive(stream: &UnixStream) -> Result<Vec<OwnedFd>> {
    let mut byte = [0];
    let mut found = Vec::new();
    // SAFETY: as above; the descriptors that arrive belong to nobody else.
    unsafe {
        let mut control: Control = [0; 8];
        let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
        let mut message = message(&mut part, &mut control);
        if libc::recvmsg(stream.as_raw_fd(), &raw mut message, 0) != 1 {
            return Err(Error::last_os_error());
        }
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        if !header.is_null()
            && (*header).cmsg_level == libc::SOL_SOCKET
            && (*header).cmsg_type == libc::SCM_RIGHTS
        {
            let length = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
            let first: *const RawFd = libc::CMSG_DATA(header).cast();
            for index in 0..length / size_of::<RawFd>() {
                found.push(OwnedFd::from_raw_fd(first.add(index).read_unaligned()));
            }
        }
    }
    if found.len() == COUNT { Ok(found) } else { Err(Error::other("three streams were to arrive")) }
}

/// A message of one part, with room for a control message.
fn message(part: &mut libc::iovec, control: &mut Control) -> libc::msghdr {
    // SAFETY: the structure is numbers and pointers, for which zero is a value.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = std::ptr::from_mut(control).cast();
    message.msg_controllen = size_of::<Control>() as _;
    message
}

/// Makes what was received the standard streams of this process.
pub(super) fn take_over(streams: &[OwnedFd]) -> Result<()> {
    for (stream, target) in streams.iter().zip([libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO])
    {
        // SAFETY: both descriptors are open.
        if unsafe { libc::dup2(stream.as_raw_fd(), target) } < 0 {
            return Err(Error::last_os_error());
        }
    }
    Ok(())
}

/// Keeps signals of a terminal and of a front end's process group from a process that is to be started.
pub(super) fn in_session_of_its_own(command: &mut Command) {
    // SAFETY: the function only calls one that a process may call between its start and its program.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            Ok(())
        });
    }
}

/// Ends a process in order.
pub(super) fn terminate(process: u32) {
    if let Ok(process) = libc::pid_t::try_from(process) {
        // SAFETY: has no memory effects.
        unsafe { libc::kill(process, libc::SIGTERM) };
    }
}

/// Sets the environment of this process.
///
/// Called where a kernel begins: no thread that this program started reads or changes the environment at that time.
pub(super) fn set_environment(set: &[(String, String)], removed: &[String]) {
    for name in removed {
        // SAFETY: see above.
        unsafe { std::env::remove_var(name) };
    }
    for (name, value) in set {
        // SAFETY: see above.
        unsafe { std::env::set_var(name, value) };
    }
}

/// Lets SIGTERM set a flag and break a wait, rather than end the process.
pub(super) fn note_terminate() {
    extern "C" fn on_terminate(_signal: libc::c_int) {
        TERMINATED.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    let handler: extern "C" fn(libc::c_int) = on_terminate;
    // SAFETY: storing to an atomic is all that the handler does; without SA_RESTART a read returns.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        libc::sigaction(libc::SIGTERM, &raw const action, std::ptr::null_mut());
    }
}

static TERMINATED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Whether SIGTERM came since this was asked last.
pub(super) fn was_terminated() -> bool {
    TERMINATED.swap(false, std::sync::atomic::Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three open descriptors arrive, which are not the ones that were sent.
    #[test]
    fn streams_go_over_a_socket() {
        let (here, there) = UnixStream::pair().unwrap();
        assert!(is_of_same_user(&here));
        send(&here).unwrap();
        let streams = receive(&there).unwrap();
        assert_eq!(streams.len(), COUNT);
        assert!(streams.iter().all(|stream| stream.as_raw_fd() > libc::STDERR_FILENO));
        drop(here);
        assert!(receive(&there).is_err());
    }
}
