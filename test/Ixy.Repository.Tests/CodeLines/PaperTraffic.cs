using System.Buffers.Binary;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Repository.Tests.CodeLines;

/// <summary>
/// Moves packets for a <see cref="PaperCard"/> whose driver runs in another process. Like a card, it uses the physical
/// addresses in the rings, which it finds in that process's memory. Not thread-safe.
/// </summary>
internal sealed class PaperTraffic : IDisposable
{
    private const int DescriptorLength = 16, PageLength = 4096, HugePage = 2 << 20;
    private const ulong Done = 1, EndOfPacket = 2, ReportStatus = 1ul << 27, SentDone = 1ul << 32,
        ArenaStart = 0x20_0000_0000;

    private readonly PaperCard _card;
    private readonly FileStream _memory, _pageMap;
    private readonly Dictionary<ulong, ulong> _pages = [];
    private uint _receiveHead, _transmitHead;

    /// <param name="card">A card whose driver has enabled its queues.</param>
    /// <param name="process">The process that runs the driver.</param>
    internal PaperTraffic(PaperCard card, int process)
    {
        _card = card;
        _memory = new($"/proc/{process}/mem", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        _pageMap = new($"/proc/{process}/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
    }

    /// <summary>Number of frames given to the driver.</summary>
    internal int Received { get; private set; }

    internal int Sent { get; private set; }

    /// <summary>
    /// Receives at most <paramref name="most"/> frames, as far as there are descriptors, and sends all that the driver
    /// queued.
    /// </summary>
    internal void Move(int most)
    {
        uint length = _card[RDLEN[0]] / DescriptorLength;
        for (; most > 0 && _receiveHead != _card[RDT[0]]; most--, Received++)
        {
            ulong descriptor = Address(RDBAL[0], RDBAH[0], _receiveHead);
            byte[] frame = new byte[60];
            frame.AsSpan(0, 12).Fill(2);
            Write(ReadWord(descriptor), frame);
            WriteWord(descriptor + 8, Done | EndOfPacket | (ulong)frame.Length << 32);
            _receiveHead = (_receiveHead + 1) % length;
        }
        for (; _transmitHead != _card[TDT[0]];
            _transmitHead = (_transmitHead + 1) % (_card[TDLEN[0]] / DescriptorLength), Sent++)
        {
            ulong command = Address(TDBAL[0], TDBAH[0], _transmitHead) + 8, value = ReadWord(command);
            if ((value & ReportStatus) != 0) WriteWord(command, value | SentDone);
        }
        _card[TDH[0]] = _transmitHead;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _pageMap.Dispose();
    }

    private ulong Address(uint low, uint high, uint index) =>
        (_card[low] | (ulong)_card[high] << 32) + index * DescriptorLength;

    private ulong ReadWord(ulong address)
    {
        byte[] word = new byte[sizeof(ulong)];
        _memory.Position = Find(address);
        _memory.ReadExactly(word);
        return BinaryPrimitives.ReadUInt64LittleEndian(word);
    }

    private void WriteWord(ulong address, ulong value)
    {
        byte[] word = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        Write(address, word);
    }

    private void Write(ulong address, byte[] bytes)
    {
        _memory.Position = Find(address);
        _memory.Write(bytes);
        _memory.Flush();
    }

    // Where the process maps a physical address.
    private long Find(ulong address)
    {
        if (!_pages.ContainsKey(address / HugePage)) ReadPageMap();
        return (long)(_pages[address / HugePage] + address % HugePage);
    }

    private void ReadPageMap()
    {
        byte[] entry = new byte[sizeof(ulong)];
        for (ulong page = ArenaStart; page < ArenaStart + (256ul << 20); page += HugePage)
        {
            _pageMap.Position = (long)(page / PageLength * sizeof(ulong));
            _pageMap.ReadExactly(entry);
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            if (value >> 63 != 0) _pages[(value & ((1ul << 55) - 1)) * PageLength / HugePage] = page;
        }
    }
}
