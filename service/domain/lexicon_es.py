"""Spanish: the words of headlines.

The rule to remember: see `service/domain/lexicon.py`. Of a verb the forms that its endings do not give away stand here.
"""

from service.domain.lexicon import lexicon
from service.domain.stems import spanish
from service.domain.vocabulary_es import OUTLETS

MEANINGS = """
hit: golpear, golpea, sacudir, sacude, sacudida, azotar, azota, azote, castigar, estremecer, estremece, remecer,
    remece, afectar, afecta, toca tierra en, tocó tierra en, toca tierra, tocó tierra, tocar tierra, impactar,
    impacta, barrer
happen: ocurrir, ocurre, producirse, se produce, se produjo, registrar, registra, se registra, se registró,
    registrado, estallar, estalla, desatarse, se desata, se desató, desata, tener lugar, tiene lugar, tuvo lugar,
    erupción, entra en erupción, entró en erupción, erupciona, hace erupción, hay, sufrir, sufre, vivir, devora,
    arrasa, arde, se declara, declarado, se origina, sentirse, se siente, estalla un, se prende, prende
say: decir, dice, dijo, dicen, afirmar, afirma, anunciar, anuncia, anunció, anuncio, asegurar, asegura, informar,
    informa, informó, informan, confirmar, confirma, confirmó, declarar, declara, señalar, señala, comunicar,
    comunica, revelar, revela, según, reportar, reporta, reportan, indica, indicó, explica, da a conocer, dio a
    conocer, según fuentes, sostiene, recalca, agrega, detalla, precisa
officials: autoridad, autoridades, funcionario, funcionarios, portavoz, portavoces, vocero, fuente, fuentes, medios,
    medio, agencia, comunicado, sismólogos, servicio meteorológico, servicio sismológico, oficial, oficiales,
    expertos, experto, meteorólogos, aemet
alert-label: última hora, urgente, alerta informativa, en directo, en vivo, directo, exclusiva, ahora, actualización,
    avance, noticia, noticias
big: gran, grande, grandes, enorme, fuerte, fuertes, fuertemente, potente, intenso, intensa, intensas, grave, graves,
    gravemente, importante, severo, severa, mortal, mortales, masivo, masiva, violento, violenta, duro, feroz,
    histórico temporal, denso, densa, espeso, espesa, torrencial, torrenciales, devastador, devastadora, aparatoso,
    voraz, extremo, extrema, drástico, drásticamente, bruscamente, masivamente, excepcional, amplio, amplia, total,
    parcial, largo
small: pequeño, pequeña, leve, leves, ligero, ligera, ligeramente, moderado, moderada, breve, menor
people: persona, personas, gente, habitante, habitantes, vecino, vecinos, residente, residentes, ciudadano,
    ciudadanos, lugareños
near: cerca, cerca de, cercano, cercanías, en las cercanías de, junto a, frente a, frente a las costas de, frente a la
    costa de, alrededores, en las afueras de, afueras, inmediaciones, próximo a, próximo, al lado de
place-noun: zona, área, región, distrito, provincia, estado, ciudad, pueblo, localidad, municipio, país, costa,
    costas, capital, céntrico, céntrica, centro, central, barrio, nacional, internacional, público, pública, local,
    lugar, territorio, frontera, departamento, comarca, isla, villa
magnitude: magnitud, escala, richter, grado, grados, centígrados, celsius, ciento, por ciento, porcentaje, puntos,
    punto, punto porcentual, puntos porcentuales, valor, fuerza, medición
least: al menos, por lo menos, más de, casi, cerca de los, unos, unas, alrededor de, aproximadamente, un total de,
    total de, como mínimo, menos de, en torno a, supera, superar, superan, en total, llega a los
now: ahora mismo, actualmente, hoy mismo, temprano, tarde, reciente, recientemente, finalmente, por fin, todavía, aún,
    también, oficialmente, con éxito, éxito, exitosamente, exitoso, exitosa, sin contratiempos, sin problemas, sin
    incidentes, repentinamente, súbitamente, de repente, inmediato, de inmediato, pronto
cause: debido a, a causa de, por culpa de, por causa de, como consecuencia de, a consecuencia de, causar, causa,
    causó, provocar, provoca, provocó, provocado, ocasionar, ocasiona, ocasionó, originar, generar, genera, obligar,
    obliga, obligó, obliga a, obligan a, fuerza a, llevar, lleva a, hace, hacer, hizo, resultar, resulta, resultan,
    ver, poner, pone, gracias a, ante, tener, tiene, tienen, saldo de, con saldo de, saldo, da, dar, motivo, por
    motivo de
use: usar, usa, utiliza, a bordo, con
new: nuevo, nueva, nuevos, nuevas
first-mark: primer, primero, primera, primeros, primeras
historic: histórico, histórica, sin precedentes, inédito, esperado, esperada

quake: terremoto, sismo, seísmo, temblor, sísmico, movimiento telúrico, movimiento sísmico, temblor de tierra,
    temblar, tiembla
aftershock: réplica, réplicas
tsunami: tsunami, maremoto
storm: tormenta, huracán, tifón, ciclón, temporal, tempestad, borrasca, tormenta tropical, vendaval, tormenta
    eléctrica, dana, ciclogénesis
tornado: tornado
flood: inundación, inundaciones, inundar, inunda, inundan, inundado, anegar, anega, anegado, riada, riadas, bajo el
    agua, crecida, desbordamiento, desborda, desbordado, anegadas, anegados, inundadas, bajo las aguas
rain: lluvia, lluvias, aguacero, precipitaciones, chubasco, chaparrón, llover, llueve
snow: nieve, nevada, nevadas, nevar, nieva
ice: hielo, helada, heladas, granizo
fog: niebla, neblina, bruma
wind: viento, vientos, ráfaga, ráfagas
heat: calor, ola de calor, canícula
cold: frío, ola de frío
landslide: deslizamiento, deslizamiento de tierra, deslave, alud de tierra, desprendimiento, corrimiento de tierra,
    derrumbe, desprendimiento de rocas
avalanche: avalancha, alud
fire: incendio, incendios, fuego, llamas, incendiarse, se incendia, se incendió, quemarse, arde, arden, en llamas,
    incendiado, se quema, pasto de las llamas, calcinado
wildfire: incendio forestal, incendios forestales
explosion: explosión, explosiones, explotar, explota, explotó, estallido, deflagración, detonación, explosionar,
    explosiona, detona
volcano: volcán, volcanes, volcánica
outage: apagón, corte de luz, corte eléctrico, corte de electricidad, sin luz, sin electricidad, sin suministro
    eléctrico, corte de energía, se queda sin luz, queda a oscuras, a oscuras, sin corriente, quedan sin luz, se
    quedan sin luz, dejó sin luz, falla eléctrica
collapse: colapsar, colapsa, colapsó, colapso, desplomarse edificio, hundimiento, derrumba, derrumbarse, se derrumba,
    se derrumbó, se viene abajo, venirse abajo, se rompe, se rompen, romperse
damage: daño, daños, dañar, daña, destruir, destruye, destrozar, destrozos

kill: morir, muere, mueren, murió, murieron, muerto, muertos, muerta, muertas, muerte, muertes, matar, mata, mató,
    fallecer, fallece, fallecen, falleció, fallecido, fallecidos, fallecimiento, víctima mortal, víctimas mortales,
    perder la vida, pierde la vida, pierden la vida, perdieron la vida, perdió la vida, cobra la vida de, se cobra la
    vida de, acaba con la vida de, decesos, deceso, víctimas fatales, sin vida, perecer, perecen, perece, ahogado,
    ahogados, deja de existir
injure: herir, hiere, herido, heridos, herida, heridas, lesionado, lesionados, lesión, lesiones, lesionar, lesionadas,
    hospitalizados
missing: desaparecer, desaparece, desaparecido, desaparecidos, desaparecida, desaparición
toll: balance, cifra de muertos, número de muertos, cifra, balance de víctimas, saldo de muertos
rescue: rescatar, rescata, rescatan, rescatado, rescatados, rescate, salvar, salva, salvan, a salvo, ponen a salvo,
    sacan con vida, liberados con vida, evacuado con vida
evacuate: evacuar, evacúa, evacua, evacúan, evacuado, evacuados, evacuación, desalojar, desaloja, desalojo,
    desplazados, huir, huyen, desalojada, desalojados, desalojadas, abandonan sus casas
trapped: atrapado, atrapados, atrapadas, atrapada, varados, varado
survivor: superviviente, supervivientes, sobreviviente, sobrevivientes, sobrevivir, sobrevive, con vida, vivo, vivos,
    viva, sano y salvo
hospital: hospitalizar, hospitalizado, hospital, hospitales
victim: víctima, víctimas

train: tren, trenes, ferrocarril, ferroviario, ferroviaria, convoy
bus: autobús, autobuses, bus, ómnibus, autocar, colectivo
truck: camión, camiones, tráiler
car: coche, coches, auto, automóvil, carro, turismo
plane: avión, aviones, aeronave, avioneta, aparato
ferry: ferri, ferry, transbordador, ferris, ferries, transbordadores
ship: barco, buque, navío, embarcación, carguero, barcos, buques, petrolero, crucero, pesquero
boat: bote, lancha, patera
crash: choque, chocar, choca, chocan, chocaron, colisión, colisionar, colisiona, colisionan, accidente, estrellarse,
    se estrella, se estrelló, estrella, siniestro, accidentarse
derail: descarrilar, descarrila, descarriló, descarrilamiento, sale de la vía, se sale de la vía, se sale de las vías,
    se salió de la vía
sink: hundirse, se hunde, hunde, se hundió, hundido, naufragar, naufraga, naufragó, naufragio, zozobra
overturn: volcar, vuelca, volcó, vuelco
aground: encallar, encalla, encalló, encallado, varar
land: aterrizar, aterriza, aterrizó, aterrizaje, alunizar, aluniza, alunizó, alunizaje, amerizar, ameriza, amerizaje,
    se posa, posarse, se posó
emergency-landing: aterrizaje de emergencia, aterriza de emergencia, aterrizó de emergencia
launch: lanzar, lanza, lanzó, lanzamiento, lanzado, pone en órbita, puso en órbita, poner en órbita, despegue del
    cohete
takeoff: despegar, despega, despegó, despegue
depart: partir, parte, partió, salir, sale, salida, zarpar, zarpa, zarpó
arrive: llegar, llega, llegó, llegada, llegan, arribar, arriba
dock: acoplar, acopla, acoplamiento, se acopla, atracar, atraca
orbit: órbita
airport: aeropuerto, aeródromo, terminal aérea
station: estación
port: puerto
road: carretera, autopista, autovía, ruta, vía, camino
metro: metro, subterráneo, subte
bridge: puente
flight: vuelo, vuelos
airline: aerolínea, línea aérea, compañía aérea
passenger: pasajero, pasajeros, viajero, viajeros
driver: conductor, chofer, maquinista, conductores, maquinistas
crew: tripulación, tripulantes, tripulante
astronaut: astronauta, astronautas, cosmonauta, cosmonautas
spacecraft: nave, nave espacial, cápsula, sonda, sonda espacial
satellite: satélite
rocket: cohete
moon: luna, lunar
mars: marte, marciano
sun: sol, solar
space-station: estación espacial, estación espacial internacional, eei
space-agency: agencia espacial
telescope: telescopio, observatorio

close: cerrar, cierra, cierran, cerró, cerrado, cerrada, cerrados, cierre, clausurar, clausura, clausurado, corte de
    carretera, clausura temporal, acordonar, acordona, acordonada, acordonado, queda cerrado, quedan cerradas, cierre
    de
open: abrir, abre, abren, abrió, abierto, abierta, apertura, inaugurar, inaugura, inauguró, inauguración, estrena,
    abren las urnas
resume: reanudar, reanuda, reanudan, reanudó, reanudación, reabrir, reabre, reabren, reabrió, reapertura, reabierto,
    restablecer, restablece, restablecen, restablecido, restablecimiento, vuelve a abrir, vuelven a abrir, vuelve a
    funcionar, vuelve a la normalidad, vuelve a operar, retomar, retoma, retoman, normaliza, se normaliza, recupera la
    normalidad, vuelve a tener, vuelven a tener, recupera, recuperan, abierto de nuevo, de nuevo abierto, abierta de
    nuevo, vuelven a circular, vuelve a la tierra
suspend: suspender, suspende, suspenden, suspendido, suspendida, suspensión, paralizar, paraliza, paralizado, detener
    vuelos, interrumpir, interrumpe, interrumpido, congelar, congela, dejará de, deja de, dejar de, dejan de, dejarán
    de, impide, impiden, impedir, queda suspendido, en suspenso, queda en suspenso, interrupción, detiene su
    actividad, detiene la producción, parada
delay: retrasar, retrasa, retrasan, retraso, retrasado, aplazar, aplaza, aplazado, aplazamiento, posponer, pospone,
    pospuesto, demorar, demora, postergar, posterga, demorado, tarda, con retraso, postergado, se retrasa, se aplaza
cancel: cancelar, cancela, cancelan, cancelado, cancelada, cancelación, anular, anula, desconvocar, desconvoca,
    desconvocan, desconvocada, abortar, aborta, frustrada, suprime, suprimir, queda cancelado, deja sin efecto,
    abandona el plan, se cancela
divert: desviar, desvía, desviado, desvío
block: bloquear, bloquea, bloquean, bloqueo, bloqueado, cortar carretera, cortada, cortado, cortadas
begin: empezar, empieza, empiezan, comenzar, comienza, comienzan, comenzó, comienzo, iniciar, inicia, inician, inicio,
    arrancar, arranca, arranque, echa a andar, se pone en marcha, echa a rodar, da comienzo, se inicia, dan inicio, da
    inicio, en marcha
end: terminar, termina, terminan, acabar, acaba, finalizar, finaliza, finalizan, concluir, concluye, concluyen, fin,
    conclusión, pone fin a, llega a su fin, completar, completa, se acaba, da por terminado, da por terminada, toca a
    su fin, se cierra la
continue: continuar, continúa, continúan, seguir, sigue, siguen, prosigue, persiste
extend: prolongar, prolonga, ampliar, amplía, prorrogar, prorroga, prórroga, extender, extiende, extensión, ampliación
spread: propagar, propaga, propagarse, se propaga, avanza, se extiende, expande
contain: contener, contiene, contenido, controlar, controla, controlado, bajo control, extinguir, extingue,
    extinguido, sofocar, sofoca, sofocan, sofocado, estabilizado
weaken: debilitar, debilita, se debilita, debilitarse, debilitado, amaina, amainar, pierde fuerza, remite, degrada
strengthen: fortalecer, fortalece, se fortalece, intensificar, se intensifica, cobra fuerza, gana fuerza
approach: acercarse, se acerca, se acercan, se aproxima, aproximarse, se dirige a, avanza hacia, amenaza con llegar
expect: esperar, espera, esperan, se espera, esperado para, prever, prevé, prevén, previsto, pronosticar, pronostica,
    pronóstico, previsión, se prepara, prepararse, se preparan, a punto de, listo para, programado
may: podría, podrían, puede que, posible, posiblemente, estudia, estudiar, baraja, valora, considera, evalúa, quizá
plan: planear, planea, plan, proponer, propone, propuesta, pretender, pretende, quiere, quieren, buscar acuerdo,
    promete, prometer, se compromete, planifica, intenta
urge: instar, insta, instan, pedir, pide, piden, pidió, exigir, exige, exigen, reclamar, reclama, reclaman, solicita,
    llama a, llamamiento, llamado, hace un llamado
threaten: amenazar, amenaza, amenazan
fear: temer, teme, temen, temor, miedo, preocupación
try: intentar, tratar de, intento
warn: advertir, advierte, advierten, advertencia, alertar, alerta de, alertan, avisa, aviso
alert: alerta, alarma
lift: levantar, levanta, levantan, levantado, levantamiento
deny: negar, niega, niegan, desmentir, desmiente, descartar, descarta, descartan, desmentido
refuse: negarse, se niega, se niega a, rehúsa
fail: fracasar, fracasa, fracaso, fallar, falla, fallido, fallida
apologise: disculparse, se disculpa, disculpa, disculpas, pide perdón, pide disculpas
condemn: condenar, condena, condenan, criticar, critica, critican, denunciar, denuncia
welcome: celebrar, celebra acuerdo, elogiar, elogia, agradecer, agradece, aplaude, saluda
mourn: luto, llorar, lamentar, lamenta, homenaje, duelo, funeral, rinde homenaje, rinden homenaje, pésame
respond: responder, responde, reaccionar, reacciona, respuesta
visit: visitar, visita, viaja a, viaje a, recorre
search: buscar, busca, buscan, búsqueda
find: encontrar, encuentra, encuentran, encontrado, hallar, halla, hallan, hallado, hallazgo, descubrir, descubre,
    descubrimiento, localizar, localizan, localizado, identificar, identifica, identifican, detecta, detectar,
    detectan
investigate: investigar, investiga, investigan, investigación, indaga, pesquisa
repair: reparar, repara, reparación, reconstruir, reconstrucción, limpieza
return: regresar, regresa, regreso, volver, vuelve, vuelven, vuelta, retorno, retorna
another: otro, otra, de nuevo, nuevamente, otra vez
again: vuelve a
compensate: compensar, compensación, indemnizar, indemnización, reembolso
aid: ayuda, ayudas, donación, donar, dona, socorro

resign: dimitir, dimite, dimitió, dimisión, renunciar, renuncia, renunció, abandona el cargo, deja el cargo, dejó el
    cargo, abandonó el cargo, deja su cargo, presenta su dimisión, presenta su renuncia, cesa en el cargo, se aparta
    del cargo, anuncia su dimisión, anuncia su renuncia
appoint: nombrar, nombra, nombran, nombrado, nombrada, nombramiento, designar, designa, designado, designada, elegido,
    elige, eligen, escoge, nuevo director, asume, contrata, contratar, presenta como entrenador, presentado
sack: destituir, destituye, destituido, destitución, cesar, cesa, cese, despide, despedido, echa a, prescinde de,
    cesado, cesada, relevado
elect: reelegido, reelecto, electo, electa
election: elección, elecciones, comicios, votación
president: presidente, presidenta, presidencial, jefe de estado, mandatario, mandataria
pm: primer ministro, primera ministra, jefe de gobierno, jefe del gobierno
minister: ministro, ministra, ministros
mayor: alcalde, alcaldesa, intendente
parliament: parlamento, congreso, diputado, diputados, asamblea, asamblea nacional, parlamentarios, cámara,
    legisladores, cámara de diputados, cortes, asamblea legislativa
senate: senado, senador
government: gobierno, ejecutivo, gabinete
council: ayuntamiento, concejo, consejo
court: tribunal, corte, juez, jueza, juzgado
law: ley, leyes, proyecto de ley, norma, decreto
pass: aprobar, aprueba, aprueban, aprobó, aprobado, aprobada, aprobados, aprobación, respaldar, respalda, ratificar,
    ratifica, da luz verde a, luz verde, da luz verde, avalar, avala, sancionar ley, visto bueno, adopta, da el visto
    bueno, dan luz verde, sale adelante, convalida, avaló
reject: rechazar, rechaza, rechazan, rechazado, rechazada, rechazo, vetar, veta, veto, tumba
sign: firmar, firma, firman, firmó, firmado, suscribir, suscribe, suscriben, rubrica
deal: acuerdo, acuerdos, acordar, acuerda, acuerdan, pacto, pactar, pacta, pactan, tratado, convenio, entendimiento,
    alianza, compromiso
talks: negociación, negociaciones, negociar, negocia, conversaciones, diálogo, diálogos
summit: cumbre
ceasefire: alto el fuego, alto al fuego, cese al fuego, cese el fuego, tregua
protest: protesta, protestas, protestar, manifestación, manifestantes, manifestarse, marcha, salen a la calle,
    concentración, se manifiestan, manifestación contra
walkout: huelga, huelgas, paro, en huelga, paros, van a la huelga, va a la huelga, paro laboral, paran, cese de
    actividades
arrest: detenido, detenidos, detenida, detención, arrestar, arresta, arrestado, arrestados, arresto, apresar,
    capturar, captura, capturado, bajo custodia
release: liberar, libera, liberan, liberado, liberados, liberación, puesta en libertad, en libertad, libre,
    excarcelado, excarcela
charge: acusado formalmente, imputar, imputa, imputado, procesado, imputación
sentence: condenado, condenada, cárcel, prisión, sentencia, sentenciado, pena
convict: culpable, declarado culpable
acquit: absolver, absuelve, absuelto, absolución
trial: juicio
accuse: acusar, acusa, acusan, acusado, acusación
sue: demandar, demanda
ban: prohibir, prohíbe, prohíben, prohibido, prohibición, vetado
allow: permitir, permite, permiten, autorizar, autoriza, autorización, legalizar, legaliza
sanction: sanción, sanciones
tax: impuesto, impuestos, tributo
budget: presupuesto, presupuestos
meet: reunirse, se reúne, se reúnen, reunión, encuentro, se reunió, se reunieron
escape: escapar, escapa, fuga, fugarse, se fuga
reform: reforma, reformas, reformar
curfew: toque de queda
emergency: emergencia, estado de emergencia, estado de alarma
police: policía, policías, agentes, policial
firefighter: bombero, bomberos
worker: trabajador, trabajadores, empleado, empleados, obrero, obreros, plantilla
student: estudiante, estudiantes, alumno, alumnos
school: escuela, escuelas, colegio, colegios, clases
teacher: profesor, profesores, maestro, maestros, docente, docentes
company: empresa, compañía, firma comercial, corporación, grupo, gigante, cadena, automotriz, fabricante, tecnológica
bank: banco, entidad bancaria
central-bank: banco central, reserva federal, fed
factory: fábrica, planta
warehouse: almacén, depósito, nave industrial
building: edificio, edificios, inmueble
tower: torre, rascacielos
market: mercado, mercados, bolsa, bolsas
museum: museo
hotel: hotel
house: casa, vivienda, viviendas, casas
stadium: estadio
church: iglesia, catedral
mine: mina
dam: presa, embalse, represa
forest: bosque, bosques

up: subir, sube, suben, subió, subida, aumentar, aumenta, aumentan, aumentó, aumento, incrementar, incrementa,
    incremento, crecer, crece, crecen, creció, crecimiento, alza, al alza, elevar, eleva, elevan, elevó, avanzar,
    avanzan, dispararse, se dispara, se disparan, ganar terreno, gana terreno, repunta, repuntan, repuntar, repunte,
    encarece, se encarece, trepa, se eleva, aumentaron, subieron, subirá, subirán, aumentará, más caro, más cara,
    incrementará, escala, mejora, se duplica, duplica, sumar, gana un, avanza un, disparan, dispara, disparar
down: bajar, baja, bajan, bajó, bajada, caer, cae, caen, cayó, caída, descender, desciende, descienden, descendió,
    descenso, reducir, reduce, reducen, redujo, reducción, recortar, recorta, recortan, recortó, recorte, disminuir,
    disminuye, disminución, retroceder, retrocede, retroceden, desplomarse, se desploma, se desploman, desplome,
    hundirse la bolsa, rebajar, rebaja, a la baja, perder terreno, pierde terreno, abarata, se abarata, cede, ceden,
    contrae, se contrae, bajará, bajarán, bajaron, más barato, más barata, cayeron, descendieron, se reduce, mengua,
    resta, pierde un, se deja
hold: mantener, mantiene, mantienen, mantuvo, sin cambios, estable, estables, deja sin cambios, inalterado,
    inalterados, sin variación, plano
rate: tipo, tipos, tipo de interés, tipos de interés, tasa de interés, tasas de interés, tasa, tasas, tasa de
    referencia, precio del dinero
share: acción, acciones
price: precio, precios, coste
oil: petróleo, crudo, brent
gold: oro, áureo
inflation: inflación, ipc, precios de consumo, alza de precios
unemployment: desempleo, paro registrado, desocupación
economy: economía, pib, económico, zona económica
profit: beneficio, beneficios, ganancia, ganancias, utilidades
revenue: ingresos, ventas
job: empleo, empleos, puesto de trabajo, puestos de trabajo, puestos
layoff: despido, despidos, despedir, ere, recorte de plantilla, recorte de empleos, recortará empleos, prescindirá de,
    despedirá
buy: comprar, compra, compran, compró, adquirir, adquiere, adquirió, adquisición, se hace con, comprará, adquirirá, se
    queda con, acuerda comprar
sell: vender, vende, venden, vendió, venta, venderá, se desprende de
merge: fusionar, fusiona, fusión, se fusionan
bankrupt: quiebra, bancarrota, concurso de acreedores, insolvencia, suspensión de pagos, se declara en quiebra, se
    declara en bancarrota, en concurso
record: récord, máximo histórico, máximos históricos, marca
high: máximo, máximos, nivel más alto, niveles más altos
low: mínimo, mínimos, nivel más bajo, niveles más bajos
export: exportación, exportaciones, exportar
import: importación, importaciones, importar
fine: multa, multar, multado

win: ganar, gana, ganan, ganó, victoria, vencer, vence, vencen, venció, derrotar, derrota, derrotan, derrotó,
    imponerse, se impone, se impone a, se impuso, se impuso a, superar a, supera a, triunfo, triunfar, triunfa, batir,
    bate, se corona, coronarse, conquistar, conquista, se proclama, se lleva, se adjudica, tumba a, gana a, ganó a,
    vencedor, golea, golear, levanta el trofeo, alza el trofeo, se alza con, logra el título, se cuelga el oro, premio
    para, premiada, premiado, otorgan, recibe el premio, conquista el oro, victoria ante, victoria sobre, oro para,
    arrolla, doblega, supera
lose: perder, pierde, pierden, perdió, reconoce su derrota, admite su derrota, reconoce la derrota
lose-to: cae ante, cayó ante, caen ante, cae contra, cae derrotado ante
draw: empatar, empata, empatan, empató, empate, tablas, igualan, iguala
qualify: clasificar, se clasifica, clasificarse, se clasificó, clasificado, clasifica, avanza a, accede a, pasa a, se
    mete en, alcanza la, alcanza las, alcanza, llega a la final, logra el pase a, pase a, sella su pase, consigue el
    pase, estará en la final, en semifinales, en la final
eliminate: eliminar, elimina, eliminado, eliminada, eliminación, queda fuera, quedar fuera, queda eliminado, fuera de
    la, cae eliminado, dice adiós, se despide de, apea, apeado
final: final, finalista, finalistas
semi-final: semifinal, semifinales
quarter-final: cuartos, cuartos de final
cup: copa, trofeo
title: título, corona
league: liga
match: partido, encuentro deportivo, duelo deportivo
goal: gol, goles, tanto
score: marcar, marca gol, anotar
penalty: penalti, penaltis, penales, tanda de penaltis, penal, tanda de penales
lead: liderar, lidera, líder, liderato, encabezar, encabeza
coach-person: entrenador, entrenadora, técnico, seleccionador, director técnico, míster, seleccionadora, entrenadores,
    preparador
captain: capitán, capitana
retire: se retira, cuelga las botas, retirarse, retiro, anuncia su retirada
debut: debut, debutar, debuta, estreno
race: carrera
marathon: maratón
stage: etapa
medal: medalla
gold-medal: medalla de oro
world-cup: mundial, copa del mundo
olympic: olímpico, olímpicos, juegos olímpicos
tournament: torneo
team: equipo, selección, conjunto, club, combinado, plantel
player: jugador, jugadora, jugadores, defensa, portero, centrocampista
season: temporada
striker: delantero, delantera
transfer: fichaje, fichar, ficha, traspaso
replace: sustituir, sustituye, reemplazar, reemplaza, suceder, sucede, sustituto
overtake: sobrepasa, adelanta
attack: atacar, ataca, atacan, ataque, ataques, atacó
invade: invadir, invade, invasión

man: hombre, hombres
woman: mujer, mujeres
child: niño, niños, niña, niñas, menor de edad, menores
baby: bebé

un: onu, naciones unidas
eu: ue, unión europea
us: eeuu, ee uu, ee. uu., estados unidos, estadounidense, estadounidenses
uk: reino unido, gran bretaña, británico, británica, británicos
who: oms, organización mundial de la salud
france: francia, francés, francesa, franceses
germany: alemania, alemán, alemana, alemanes
spain: españa, español, española, españoles
italy: italia, italiano, italiana, italianos
portugal: portugal, portugués, portuguesa
greece: grecia, griego, griega
turkey: turquía, turco, turca
russia: rusia, ruso, rusa
ukraine: ucrania, ucraniano, ucraniana
china: china, chino, chinos
japan: japón, japonés, japonesa
india: india, indio, hindú
pakistan: pakistán, paquistaní
indonesia: indonesia, indonesio
australia: australia, australiano, australiana
canada: canadá, canadiense
mexico: méxico, mexicano, mexicana
brazil: brasil, brasileño, brasileña
argentina: argentina, argentino, argentinos
chile: chile, chileno, chilena
peru: perú, peruano, peruana
colombia: colombia, colombiano, colombiana
ecuador: ecuador, ecuatoriano, ecuatoriana
venezuela: venezuela, venezolano, venezolana
bolivia: bolivia, boliviano, boliviana
uruguay: uruguay, uruguayo, uruguaya
paraguay: paraguay, paraguayo, paraguaya
cuba: cuba, cubano, cubana
haiti: haití, haitiano
egypt: egipto, egipcio, egipcia
morocco: marruecos, marroquí
algeria: argelia, argelino, argelina
tunisia: túnez, tunecino
nigeria: nigeria, nigeriano
kenya: kenia, keniano, keniana
south-africa: sudáfrica, sudafricano, sudafricana
iran: irán, iraní
iraq: irak, iraquí
syria: siria, sirio
lebanon: líbano, libanés, libanesa
israel: israel, israelí
palestine: palestina, palestino
saudi: arabia saudí, arabia saudita, saudí, saudita
qatar: catar, qatar, catarí
norway: noruega, noruego
sweden: suecia, sueco, sueca
finland: finlandia, finlandés
denmark: dinamarca, danés, danesa
iceland: islandia, islandés
ireland: irlanda, irlandés
scotland: escocia, escocés
england: inglaterra, inglés, inglesa
netherlands: países bajos, holanda, neerlandés, neerlandesa, holandés
belgium: bélgica, belga
switzerland: suiza, suizo
austria: austria, austriaco
poland: polonia, polaco, polaca
croatia: croacia, croata
serbia: serbia, serbio
south-korea: corea del sur, surcoreano, surcoreana
north-korea: corea del norte, norcoreano, norcoreana
europe: europa, europeo, europea
north: norte, septentrional
south: sur, meridional
east: al este, este de, del este, oriental, oriente
west: oeste, occidental, occidente
northeast: noreste, nordeste, nororiental
northwest: noroeste, noroccidental
southeast: sureste, sudeste, suroriental
southwest: suroeste, sudoeste, suroccidental
monday: lunes
tuesday: martes
wednesday: miércoles
thursday: jueves
friday: viernes
saturday: sábado
sunday: domingo
january: enero
february: febrero
march-month: marzo
april: abril
may-month: mayo
june: junio
july: julio
august: agosto
september: septiembre, setiembre
october: octubre
november: noviembre
december: diciembre
spring: primavera
summer: verano
autumn: otoño
winter: invierno
today: hoy
tonight: esta noche
tomorrow: mañana
yesterday: ayer
morning: madrugada, por la mañana, matinal, esta mañana, amanecer
noon: mediodía
afternoon: por la tarde, esta tarde
night: noche, nocturno, nocturna, nocturnos, anoche
midnight: medianoche
second-unit: segundos
minute: minuto, minutos
hour: hora, horas
day: día, días
week: semana, semanas, semanal
month: mes, meses, mensual
quarter: trimestre, trimestres, trimestral
year: año, años, anual
decade: década, décadas
century: siglo, siglos
km: km, kilómetro, kilómetros
mile: milla, millas
metre: metro de altura, metros
cm: cm, centímetros, centímetro
tonne: tonelada, toneladas
dollar: dólar, dólares
euro: euro, euros
dozens: docenas, decenas, una decena de, una veintena de
hundreds: cientos, centenares
thousands: miles, millares
several: varios, varias, numerosos, numerosas, múltiples
red: rojo, roja
orange: naranja
yellow: amarillo, amarilla
green: verde
mens: masculino, masculina
womens: femenino, femenina
junior: juvenil, sub-21
before: antes, antes de
after: después, tras, después de, luego de, a raíz de
not: no, sin, nunca, ni, ningún, ninguna, jamás, tampoco
will: va a, van a
by: por, a manos de
to: a, al, hacia, hasta los, hasta
from: desde, de, del
against: contra, frente al, ante el, ante la
between: entre
slow: frenar, frena, frenan, frenado, se frena, ralentiza, se ralentiza, desacelera, se desacelera, modera, se modera,
    desaceleración
withdraw: retirar, retira, retirado, retiran, retirada, renuncia a, renunciar a, desiste, desiste de, descarta comprar
key: clave, principal, crucial
eurozone: zona euro, eurozona
refloat: reflotar, reflota, reflotan, reflotado
silver: plata
copper: cobre
wheat: trigo
coffee: café
sugar: azúcar
gas: gas, gas natural
vehicle: vehículo, vehículos
tram: tranvía, tranvías
helicopter: helicóptero
library: biblioteca
office: oficina, oficinas
theatre: teatro
mall: centro comercial
university: universidad, campus
clinic: clínica, ambulatorio
ceo: director ejecutivo, directora ejecutiva, consejero delegado, presidente ejecutivo
finance-chief: director financiero
foreign-minister: ministro de exteriores, ministro de asuntos exteriores, canciller, ministra de exteriores
health-minister: ministro de sanidad, ministra de sanidad, ministro de salud, ministra de salud, titular de sanidad
interior-minister: ministro del interior, ministra del interior
finance-minister: ministro de hacienda, ministra de hacienda, ministro de economía, ministra de economía, ministro de
    finanzas
governor: gobernador, gobernadora
king: rey
queen: reina
cyclist: ciclista, corredor ciclista
runner: corredor, corredora, atleta
nurse: enfermera, enfermeros, enfermeras
doctor: médico, médicos
farmer: agricultor, agricultores
pilot: piloto, pilotos
coastguard: guardia costera, salvamento marítimo
championship: campeonato
champion: campeón, campeona, campeones
switch-off: apagar, apaga, apagan, apagado
strike-down: tumbar, tumba, anular, anula, anulada, anulado, derogar, deroga, derogada, invalida
uphold: avalar, avala
power: luz, electricidad, suministro eléctrico, energía eléctrica
voter: votantes, votante, electores
fuel: gasolina, combustible, combustibles, gasóleo, diésel
candidate: se presentará, se presenta, candidatura, candidato, candidata, buscará, optará, aspira
accept: aceptar, acepta, aceptan, aceptada, aceptado, aceptación
last: último, última, últimos, últimas
photo: foto, fotos, fotografía, fotografías, imagen, imágenes, retrato
leave: dejar, deja, dejan, dejó, dejará, dejará de ser, abandona, abandonará, se va, se marcha, se despide, abandonar
study: estudio, investigación científica
scientist: científico, científicos, investigadores
freight: mercancías, carga
lose-contact: pierde el contacto, pierde contacto, perdido el contacto, pérdida de contacto, pierden el contacto
as: mientras, ante la llegada de, a la espera de
detain-or-stop: detener, detiene, detienen
see: visible, se podrá ver, se puede ver, ver, vista
present: presenta, presentar, presentan, desvela, da a conocer su
barrel: barril, barriles
"""

EMPTY = """el la los las lo un una uno en y o u e que se su sus es son fue fueron ser ha han había había sido está
están estar este esta estos estas ese esa esos esas aquel como cuando donde pero si con para sobre le les me te
nos al durante dentro más muy ya cual cuyo e i ahí aquí todo toda todos todas mismo misma
tan así era será"""

NUMBERS = {
    "cero": 0, "uno": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9,
    "diez": 10, "once": 11, "doce": 12, "trece": 13, "catorce": 14, "quince": 15, "dieciséis": 16, "diecisiete": 17,
    "dieciocho": 18, "diecinueve": 19, "veinte": 20, "veintiuno": 21, "veintiún": 21, "veintidós": 22,
    "veintitrés": 23, "veinticuatro": 24, "veinticinco": 25, "veintiséis": 26, "veintisiete": 27, "veintiocho": 28,
    "veintinueve": 29, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80,
    "noventa": 90, "cien": 100, "ciento": 100, "doscientos": 200, "doscientas": 200, "trescientos": 300,
    "trescientas": 300, "cuatrocientos": 400, "quinientos": 500, "quinientas": 500, "seiscientos": 600,
    "setecientos": 700, "ochocientos": 800, "novecientos": 900, "docena": 12, "decena": 10, "veintena": 20,
}  # fmt: skip
SCALES = {"mil": 1e3, "millón": 1e6, "millones": 1e6, "billón": 1e12, "billones": 1e12}
ORDINALS = {
    "segundo": 2, "segunda": 2, "tercer": 3, "tercero": 3, "tercera": 3, "cuarto": 4, "cuarta": 4, "quinto": 5,
    "quinta": 5, "sexto": 6, "sexta": 6, "séptimo": 7, "séptima": 7, "octavo": 8, "octava": 8, "noveno": 9,
    "novena": 9, "décimo": 10, "décima": 10, "undécimo": 11, "duodécimo": 12,
}  # fmt: skip

LEXICON = lexicon(
    spanish, MEANINGS, sources=OUTLETS, empty=EMPTY, numbers=NUMBERS, scales=SCALES, ordinals=ORDINALS, joins="y",
    fractions={"medio": 0.5, "media": 0.5, "cuarto": 0.25},
)  # fmt: skip
