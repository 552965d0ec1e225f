using System.Runtime.InteropServices;
using Ixy.Vfio.Dma;

namespace Ixy.Labs;

/// <summary>
/// Memory that the cards of an exercise can access. In your own program, call <see cref="DmaMemory.Allocate"/>; here
/// the lab tracks it, and frees it after each run.
/// </summary>
public static class Dma
{
    /// <summary>How much one run may have.</summary>
    public const int Most = 64 << 20;

    /// <summary>Allocates zeroed memory, contiguous for the card and aligned to 4096 bytes.</summary>
    /// <param name="bytes">1 to 2 MiB.</param>
    public static DmaMemory Allocate(int bytes) => LabRun.Needed.Allocate(bytes);

    /// <summary>The memory as bytes: a buffer.</summary>
    public static unsafe Span<byte> Bytes(this DmaMemory memory) =>
        new((void*)memory.Address, LabRun.Needed.LengthOf(memory));

    /// <summary>
    /// The memory as 64-bit words, little-endian as seen by the card: a ring, with two words per descriptor.
    /// </summary>
    public static Span<ulong> Words(this DmaMemory memory) => MemoryMarshal.Cast<byte, ulong>(memory.Bytes());

    /// <summary>The memory as 32-bit words.</summary>
    public static Span<uint> Words32(this DmaMemory memory) => MemoryMarshal.Cast<byte, uint>(memory.Bytes());

    /// <summary>The memory as 16-bit words.</summary>
    public static Span<ushort> Words16(this DmaMemory memory) => MemoryMarshal.Cast<byte, ushort>(memory.Bytes());
}

/// <summary>For your own debugging.</summary>
public static class Lab
{
    /// <summary>Prints a line; the grader shows the first fifty of the failed run, or else of the first run.</summary>
    public static void Print(string text) => LabRun.Current?.Print(text);
}
