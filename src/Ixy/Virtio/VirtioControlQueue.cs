using System.Buffers.Binary;
using Ixy.Vfio;
using Ixy.Vfio.Dma;
using static Ixy.Virtio.VirtioConstants;

namespace Ixy.Virtio;

/// <summary>
/// The control queue (5.1.6.5): commands that the device acknowledges, one at a time. Each is a chain of two
/// descriptors: class, command and data, which the device reads, and one byte that it writes.
/// </summary>
internal abstract unsafe class VirtioControlQueue : IDisposable
{
    private const int AckOffset = 4096 - 64;
    private const byte NoAck = 0xFF;
    private readonly PciDevice _device;
    private readonly DmaMemory _memory;

    private protected VirtioControlQueue(PciDevice device)
    {
        _device = device;
        _memory = DmaMemory.Allocate(4096, numaNode: device.NumaNode);
        CommandAddress = _memory.DeviceAddress(device);
    }

    /// <summary>How many addresses fit into a table with both counts.</summary>
    internal static int MostAddresses => (AckOffset - sizeof(ushort) - 2 * sizeof(uint)) / 6;

    private protected ulong CommandAddress { get; }

    private protected ulong AckAddress => CommandAddress + AckOffset;

    /// <summary>Sends a command and waits until the device has executed it.</summary>
    /// <exception cref="DeviceTimeoutException">It does not answer.</exception>
    /// <exception cref="DeviceProtocolException">It refuses the command.</exception>
    internal void Execute(string what, ushort command, ReadOnlySpan<byte> data)
    {
        var memory = new Span<byte>((void*)_memory.Address, (int)_memory.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(memory, command);
        data.CopyTo(memory[sizeof(ushort)..AckOffset]);
        memory[AckOffset] = NoAck;
        Submit((uint)(sizeof(ushort) + data.Length));
        // Devices answer at once, but on an emulated machine that takes a while.
        if (!_device.WaitUntil(IsDone, TimeSpan.FromSeconds(5)))
            throw new DeviceTimeoutException(
                $"{_device.Name}: the device did not execute the control command '{what}' within 5 s (virtio 1.2, "
                + "5.1.6.5)");
        if (memory[AckOffset] != CommandOk)
            throw new DeviceProtocolException(
                $"{_device.Name}: the device refused the control command '{what}' with {memory[AckOffset]}: expected "
                + $"{CommandOk} (virtio 1.2, 5.1.6.5)");
    }

    /// <summary>Gives the device both descriptors; the first has this length.</summary>
    private protected abstract void Submit(uint length);

    private protected abstract bool IsDone();

    /// <summary>Starts over in a ring that was cleared.</summary>
    internal abstract void Restart();

    /// <summary>Frees the memory of commands; the device must have been reset.</summary>
    public void Dispose() => _memory.Dispose();
}

/// <summary>The control queue in a split ring: always the first two descriptors of the table.</summary>
internal sealed unsafe class SplitControlQueue(PciDevice device, SplitRing ring) : VirtioControlQueue(device)
{
    private ulong _commands;

    internal override void Restart() => _commands = 0;

    private protected override void Submit(uint length)
    {
        ring.Table[0] =
            new()
            {
                Address = CommandAddress,
                Command = length | SplitDescriptor.Next | 1ul << SplitDescriptor.NextShift
            };
        ring.Table[1] = new() { Address = AckAddress, Command = 1 | SplitDescriptor.Write };
        ring.Available[_commands & (ulong)ring.Size - 1] = 0;
        ring.Publish(_commands, ++_commands);
    }

    private protected override bool IsDone() => ring.CountUsed(_commands) == 0;
}

/// <summary>The control queue in a packed ring: two consecutive descriptors, one of which comes back (2.8.6).</summary>
internal sealed unsafe class PackedControlQueue(PciDevice device, PackedRing ring) : VirtioControlQueue(device)
{
    private ulong _position;

    internal override void Restart() => _position = 0;

    private protected override void Submit(uint length)
    {
        Write(_position + 1, AckAddress, 1 | PackedDescriptor.Write);
        // The first descriptor of a chain is made available last (2.8.6).
        Write(_position, CommandAddress, length | PackedDescriptor.Next);
        _position += 2;
        ring.NotifyIfWanted(_position - 2, _position);
    }

    private protected override bool IsDone() => ring.TryReadUsed(_position - 2, out _);

    private void Write(ulong position, ulong address, ulong command)
    {
        ref var descriptor = ref ring.Ring[position & (ulong)ring.Size - 1];
        descriptor.Address = address;
        Volatile.Write(ref descriptor.Command, command | ring.AvailableState(position));
    }
}
