using System.Runtime.CompilerServices;
using Ixy.Hosting.Interop;
using Ixy.Hosting.Turns;
using Ixy.Vfio;
using Ixy.Vfio.VfioUser;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// Executes one client's commands on a device: every command of the protocol, checked before anything is trusted. It
/// knows nothing about sockets. Disposing takes all memory and event descriptors of the client away from the device,
/// and resets it.
/// </summary>
internal sealed class CommandHandler : IDisposable
{
    /// <summary>How many bytes of data a message may have.</summary>
    internal const int MostData = 1 << 20;

    /// <summary>How many descriptors a message may have: one for each MSI-X vector of a device.</summary>
    internal const int MostDescriptors = 64;

    private const int FewestDescriptors = 8;
    private readonly PciFunctionModel _model;
    private readonly DmaCommands _dma;
    private readonly RegionCommands _regions;
    private readonly InterruptCommands _interrupts;

    /// <param name="model">The device, used by this client alone.</param>
    /// <param name="calls">Accesses memory that the client keeps to itself.</param>
    internal CommandHandler(PciFunctionModel model, IClientMemory calls)
    {
        _model = model;
        _dma = new(model, calls);
        _regions = new(model);
        _interrupts = new(model);
    }

    /// <summary>What the client announced about itself; null before that.</summary>
    internal VersionData? Client { get; private set; }

    /// <summary>There is memory that only the client can access.</summary>
    internal bool UsesClientMemory => _dma.UsesClientMemory;

    /// <summary>The client cannot be served: its connection ends after the reply.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>Executes a command; the device stands still meanwhile.</summary>
    /// <returns>0, or the reason it failed (errno); then the reply must not be sent.</returns>
    internal int Handle(Message message, Reply reply)
    {
        reply.Clear();
        if (message.Header.IsReply || (message.Header.Flags & Protocol.TYPE_MASK) != Protocol.TYPE_COMMAND)
            return End(Libc.EINVAL);
        var command = message.Header.Command;
        bool mayHaveDescriptors = command is Command.DMA_MAP or Command.DEVICE_SET_IRQS;
        if (message.Descriptors.Count > 0 && !mayHaveDescriptors) return Libc.EINVAL;
        // VERSION must be the first message, and only the first.
        if (command == Command.VERSION != Client is null) return Libc.EINVAL;
        DeviceThread.Enter();
        try
        {
            _model.SetClock(DeviceThread.Now);
            return HandleAlone(command, message, reply);
        }
        finally
        {
            _model.Dma.EndTurn();
            DeviceThread.Leave();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        DeviceThread.Enter();
        try
        {
            _interrupts.Dispose();
            _model.Observer?.FunctionReset();
            _model.PciReset();
            _dma.Dispose();
        }
        finally
        {
            DeviceThread.Leave();
        }
    }

    private int HandleAlone(Command command, Message message, Reply reply) => command switch
    {
        Command.VERSION => Negotiate(message, reply),
        Command.DMA_MAP => _dma.Map(message),
        Command.DMA_UNMAP => _dma.Unmap(message, reply),
        Command.DEVICE_GET_INFO => GetInfo(message, reply),
        Command.DEVICE_GET_REGION_INFO => _regions.GetInfo(message, reply, Client!),
        Command.DEVICE_GET_REGION_IO_FDS => _regions.GetDescriptors(message),
        Command.DEVICE_GET_IRQ_INFO => _interrupts.GetInfo(message, reply),
        Command.DEVICE_SET_IRQS => _interrupts.Set(message),
        Command.REGION_READ => _regions.Read(message, reply),
        Command.REGION_WRITE => _regions.Write(message, reply),
        Command.REGION_WRITE_MULTI => _regions.WriteMultiple(message, reply),
        Command.DEVICE_RESET => Reset(message),
        // Features and migration are optional, and DMA_READ and DMA_WRITE are for the server to send.
        _ => Libc.EOPNOTSUPP,
    };

    private int Negotiate(Message message, Reply reply)
    {
        if (VersionData.Parse(message.Payload) is not { } client) return End(Libc.EINVAL);
        if (client.Major != Protocol.MajorVersion) return End(Libc.EOPNOTSUPP);
        Client = client;
        reply.Add(new VersionData(Protocol.MajorVersion, Math.Min(client.Minor, Protocol.MinorVersion))
        {
            // Some clients reject a larger number than they know.
            MaxMessageDescriptors = Math.Clamp(client.MaxMessageDescriptors, FewestDescriptors, MostDescriptors),
            MaxTransfer = MostData,
            MaxDmaMaps = DmaCommands.MostMappings,
            PageSizes = Protocol.PageLength,
            WritesMultiple = client.WritesMultiple,
            UsesDoorbellsOnly = client.UsesDoorbellsOnly,
        }.ToBytes());
        return 0;
    }

    private static int GetInfo(Message message, Reply reply)
    {
        if (!message.TryRead(out Protocol.device_info info) || info.argsz < Unsafe.SizeOf<Protocol.device_info>())
            return Libc.EINVAL;
        info.argsz = (uint)Unsafe.SizeOf<Protocol.device_info>();
        info.flags = DEVICE_FLAGS_RESET | DEVICE_FLAGS_PCI;
        (info.num_regions, info.num_irqs) = (Protocol.NUM_REGIONS, Protocol.NUM_IRQS);
        reply.Add(info);
        return 0;
    }

    // Like a reset by the kernel's VFIO: the configuration header, and which messages are enabled, are kept.
    private int Reset(Message message)
    {
        if (message.Payload.Length != 0) return Libc.EINVAL;
        const int First = PciConfig.Bar0, End = 0x40;
        Span<uint> header = stackalloc uint[(End - First) / sizeof(uint)];
        uint command = _model.ReadConfig(PciConfig.Command, 2);
        for (int i = 0; i < header.Length; i++) header[i] = _model.ReadConfig(First + i * sizeof(uint), sizeof(uint));
        _model.Observer?.FunctionReset();
        _model.PciReset();
        for (int i = 0; i < header.Length; i++) _model.WriteConfig(First + i * sizeof(uint), header[i], sizeof(uint));
        _model.WriteConfig(PciConfig.Command, command, 2);
        _interrupts.Restore();
        return 0;
    }

    private int End(int error)
    {
        IsOver = true;
        return error;
    }
}
