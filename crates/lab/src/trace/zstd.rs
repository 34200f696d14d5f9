//! Reads files that zstd has compressed.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What a compressed file holds: all its frames, one after the other, each checked against its
/// checksum if it has one.
pub(super) struct Decompressed<R> {
    compressed: R,
    decoder: FrameDecoder,
    within_frame: bool,
}

impl<R: BufRead> Decompressed<R> {
    /// Whether a file that begins so is compressed.
    pub(super) fn begins(file: &[u8]) -> bool {
        file.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
    }

    pub(super) fn new(compressed: R) -> Self {
        Self { compressed, decoder: FrameDecoder::new(), within_frame: false }
    }

    /// Goes on to the next frame that has content; false at the end of the file.
    fn begin_frame(&mut self) -> io::Result<bool> {
        while !self.compressed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.compressed) {
                Ok(()) => {
                    self.within_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.skip(u64::from(length))?,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.compressed).take(length), &mut io::sink())?;
        if skipped < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn end_frame(&mut self) -> io::Result<()> {
        self.within_frame = false;
        let expected = self.decoder.get_checksum_from_data();
        if expected.is_some() && expected != self.decoder.get_calculated_checksum() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum does not match"));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.within_frame || self.begin_frame()? {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.decoder.is_finished() {
                self.end_frame()?;
                continue;
            }
            let block = BlockDecodingStrategy::UptoBlocks(1);
            self.decoder.decode_blocks(&mut self.compressed, block).map_err(io::Error::other)?;
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn compressed(text: &str) -> Vec<u8> {
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
    }

    fn decompressed(file: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Decompressed::new(file).read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn frames_follow_each_other_and_those_without_content_are_passed_over() {
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let file = [&compressed("tea "), &skippable[..], &compressed("milk")].concat();
        assert_eq!(decompressed(&file).unwrap(), "tea milk");
        assert_eq!(decompressed(&[]).unwrap(), "");
        let torn = decompressed(&skippable[..9]).unwrap_err();
        assert_eq!(torn.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_byte_that_has_changed_is_noticed() {
        let mut file = compressed("what was written long ago");
        let last = file.len() - 1;
        file[last] ^= 1;
        assert_eq!(decompressed(&file).unwrap_err().to_string(), "the checksum does not match");
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        let file = [&compressed("tea")[..], b"something else"].concat();
        assert!(decompressed(&file).is_err());
    }
}
