use super::*;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

fn written(fd: &impl AsFd) {
    write_to(fd.as_fd(), "line".to_owned(), Duration::ZERO);
}

#[test]
fn a_log_file_is_written_to_and_a_database_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let content = || std::fs::read_to_string(&path).unwrap();
    written(&File::create(&path).unwrap());
    assert_eq!(content(), "line\n");
    let append = OpenOptions::new().read(true).append(true).open(&path);
    written(&append.unwrap());
    assert_eq!(content(), "line\nline\n");

    let mut database = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    written(&database);
    assert_eq!(content(), "line\nline\n");
    assert_eq!(database.stream_position().unwrap(), 0);
    written(&File::open(&path).unwrap());
    assert_eq!(content(), "line\nline\n");
}

#[test]
fn no_connection_is_written_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    written(&server);
    drop(server);
    let mut came = Vec::new();
    client.read_to_end(&mut came).unwrap();
    assert_eq!(came, b"");

    let (mut one, other) = UnixStream::pair().unwrap();
    written(&other);
    drop(other);
    one.read_to_end(&mut came).unwrap();
    assert_eq!(came, b"");

    written(&File::options().write(true).open("/dev/null").unwrap());
    assert_eq!(Kind::of(File::open("/").unwrap().as_fd()), None);
}

#[test]
fn a_pipe_is_written_to_while_it_has_room_and_a_reader() {
    let (mut reader, mut writer) = io::pipe().unwrap();
    written(&writer);
    let mut came = [0; 5];
    reader.read_exact(&mut came).unwrap();
    assert_eq!(&came, b"line\n");

    // Full but for less than a line: nothing of it is written, and nothing waits.
    let size = rustix::pipe::fcntl_getpipe_size(&writer).unwrap();
    writer.write_all(&vec![b'x'; size]).unwrap();
    let start = Instant::now();
    written(&writer);
    write_to(writer.as_fd(), "line".to_owned(), Duration::from_millis(20));
    assert!(start.elapsed() < Duration::from_secs(10));
    let mut came = vec![0; size + 1];
    let first = reader.read(&mut came).unwrap();
    let rest = size - first;
    reader.read_exact(&mut came[..rest]).unwrap();
    written(&writer);
    assert_eq!(reader.read(&mut came).unwrap(), 5);

    // The writer of a pipe without a reader would get SIGPIPE.
    drop(reader);
    assert!(!has_room(writer.as_fd(), Duration::ZERO));
    written(&writer);
}

#[test]
fn a_long_line_is_cut_to_what_a_pipe_takes_whole() {
    let (mut reader, writer) = io::pipe().unwrap();
    write_to(writer.as_fd(), "ü".repeat(4000), Duration::ZERO);
    drop(writer);
    let mut came = String::new();
    reader.read_to_string(&mut came).unwrap();
    assert_eq!(came, "ü".repeat(2047) + "\n");
}
