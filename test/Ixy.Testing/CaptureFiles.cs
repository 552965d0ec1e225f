using System.Buffers.Binary;
using Ixy.Captures;

namespace Ixy.Testing;

/// <summary>Captures that tests create and inspect.</summary>
internal static class CaptureFiles
{
    internal static List<byte[]> Frames(string path) => [.. Read(path).Select(frame => frame.Frame)];

    internal static List<(int Interface, long Time, byte[] Frame)> Read(string path)
    {
        var frames = new List<(int, long, byte[])>();
        using var reader = CaptureReader.Open(path);
        while (reader.Read(out var frame)) frames.Add((reader.InterfaceId, reader.Time, frame.ToArray()));
        return frames;
    }

    /// <summary>Writes frames, that many nanoseconds apart.</summary>
    internal static void Write(string path, IEnumerable<byte[]> frames, long gap = 0)
    {
        using var writer = PcapngWriter.Create(path);
        long time = 1_700_000_000_000_000_000;
        foreach (byte[] frame in frames)
        {
            writer.Write(frame, time);
            time += gap;
        }
    }

    /// <summary>
    /// The if_speed of the first interface of a file written by ixy (draft-ietf-opsawg-pcapng, 4.1, 4.2).
    /// </summary>
    internal static long InterfaceSpeed(string path)
    {
        const int interfaceDescription = 1, options = 16, speed = 8;
        var file = File.ReadAllBytes(path).AsSpan();
        var block = file[BinaryPrimitives.ReadInt32LittleEndian(file[4..])..];
        Assert.Equal(interfaceDescription, BinaryPrimitives.ReadInt32LittleEndian(block));
        for (int at = options; ; at += 4 + (BinaryPrimitives.ReadUInt16LittleEndian(block[(at + 2)..]) + 3) / 4 * 4)
        {
            int code = BinaryPrimitives.ReadUInt16LittleEndian(block[at..]);
            Assert.True(code != 0, "the interface has no if_speed");
            if (code == speed) return BinaryPrimitives.ReadInt64LittleEndian(block[(at + 4)..]);
        }
    }

    internal static byte[] Frame(int length, byte seed)
    {
        var frame = new byte[length];
        for (int i = 0; i < length; i++) frame[i] = (byte)(i * 7 + seed);
        // Unicast, with an EtherType: a length field would have to match the frame (IEEE 802.3 clause 3.2.6).
        (frame[0], frame[12], frame[13]) = (0x02, 0x88, 0xB5);
        return frame;
    }
}
