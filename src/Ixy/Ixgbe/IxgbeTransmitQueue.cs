using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

/// <summary>An advanced transmit data descriptor (datasheet 7.2.3.2.4).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TransmitDescriptor
{
    internal const ulong Data = 3ul << 20, EndOfPacket = 1ul << 24, InsertFcs = 1ul << 25, ReportStatus = 1ul << 27;
    internal const ulong Advanced = 1ul << 29, DescriptorDone = 1ul << 32;
    internal const int PayloadLengthShift = 46;

    /// <summary>Command of a frame in one descriptor.</summary>
    internal const ulong WholeFrame = Data | Advanced | EndOfPacket | InsertFcs;

    internal ulong Address;

    /// <summary>Length (0), type (20), command (24); status with DD (32), offloads, length of the whole frame (46).</summary>
    internal ulong Command;
}

/// <summary>
/// A transmit ring. The card reports only the last descriptor of each group of 32 as sent (RS), and the buffers of a
/// group go back to their pools together: a thirty-second of the write-backs, and one look for 32 packets.
/// </summary>
internal sealed unsafe class IxgbeTransmitQueue : TransmitQueue, IDisposable
{
    private readonly DmaMemory _memory;
    private readonly TransmitDescriptor* _ring;
    private readonly ulong* _buffers;
    private readonly Doorbell _tail;
    private readonly bool _virtualAddresses;
    private readonly PciBar _bar;
    private readonly uint _mask, _group, _maxLength;
    // Free-running: _next counts the packets given to the card, _clean those whose buffers are back.
    private uint _next, _clean;
    private long _packets;

    internal IxgbeTransmitQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options)
    {
        Index = index;
        _bar = bar;
        _mask = (uint)options.RingSize - 1;
        _group = (uint)Math.Min(32, options.RingSize / 4);
        _maxLength = (uint)options.MaxFrameSize;
        _memory = DmaMemory.Allocate((nuint)(options.RingSize * sizeof(TransmitDescriptor)));
        _ring = (TransmitDescriptor*)_memory.Address;
        _buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(options.RingSize * sizeof(ulong)), 64);
        _tail = new Doorbell(bar, TDT[index]);
        _virtualAddresses = device.DeviceAddressIsVirtual;
        RingAddress = _memory.DeviceAddress(device);
    }

    internal int Index { get; }

    internal ulong RingAddress { get; }

    internal uint RingLength => (_mask + 1) * (uint)sizeof(TransmitDescriptor);

    /// <inheritdoc/>
    public override long Packets => _packets;

    /// <inheritdoc/>
    public override int Pending => (int)(_next - _clean);

    /// <inheritdoc/>
    public override bool IsDrained => _bar.Read32(TDH[Index]) == (_next & _mask);

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        Reclaim();
        uint next = _next;
        int count = Math.Min(batch.Length, (int)(_mask - (next - _clean)));
        if (count == 0) return 0;
        batch = batch[..count];
        var packets = batch;
        ulong loans = 0;
        while (batch.Length > 0)
        {
            // Up to the end of a group: its last descriptor asks for the report.
            uint place = next & (_group - 1);
            int run = Math.Min(batch.Length, (int)(_group - place));
            loans |= _virtualAddresses
                ? Describe<VirtualAddresses>(batch[..run], next & _mask)
                : Describe<PhysicalAddresses>(batch[..run], next & _mask);
            batch = batch[run..];
            next += (uint)run;
            if (place + (uint)run == _group) _ring[(next - 1) & _mask].Command |= TransmitDescriptor.ReportStatus;
        }
        if (loans != 0) Watch(packets);
        _next = next;
        _packets += count;
        _tail.Ring(next & _mask);
        return count;
    }

    // The hot loop: a run of descriptors that does not wrap. Gives the packets' loans, which checked pools want to see.
    private ulong Describe<TAddresses>(ReadOnlySpan<Packet> run, uint index) where TAddresses : struct, IDeviceAddresses
    {
        var descriptor = _ring + index;
        var buffers = _buffers + index;
        uint maxLength = _maxLength;
        ulong loans = 0;
        for (int i = 0; i < run.Length; i++)
        {
            ulong buffer = run[i].Buffer, metadata = run[i].Metadata;
            uint length = (ushort)metadata;
            // An empty descriptor would hang the card, one beyond the buffer would send foreign memory.
            if (length - 1 >= maxLength) ThrowBadLength(length);
            loans |= metadata;
            buffers[i] = buffer;
            descriptor->Address = TAddresses.Of(buffer);
            descriptor->Command = length | (ulong)length << TransmitDescriptor.PayloadLengthShift | TransmitDescriptor.WholeFrame;
            descriptor++;
        }
        return loans & Packet.LoanMask;
    }

    /// <summary>Returns all memory, also the buffers that were never sent; the card must be quiet.</summary>
    public void Dispose()
    {
        for (; _clean != _next; _clean++) PacketPool.FreeSent(_buffers + (_clean & _mask), 1);
        NativeMemory.AlignedFree(_buffers);
        _memory.Dispose();
    }

    // Nothing is committed yet: if a packet turns out to be misused, the card has seen none of the batch.
    private static void Watch(ReadOnlySpan<Packet> batch)
    {
        foreach (ref readonly var packet in batch) packet.Pool.Checks?.Transmit(packet);
    }

    private void Reclaim()
    {
        while (_next - _clean >= _group)
        {
            uint first = _clean & _mask;
            ulong status = Volatile.Read(ref _ring[first + _group - 1].Command);
            if ((status & TransmitDescriptor.DescriptorDone) == 0) return;
            PacketPool.FreeSent(_buffers + first, (int)_group);
            _clean += _group;
        }
    }

    [DoesNotReturn]
    private void ThrowBadLength(uint length) => throw new ArgumentException(
        $"a packet of {length} bytes cannot be sent: expected 1 to {_maxLength} (NetworkDeviceOptions.MaxFrameSize)");
}
